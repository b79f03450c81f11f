"""`/v1/extensions/{number}/…`: what belongs to one extension.

features_api   forwarding, do not disturb and the like, shown and changed
features_json  the classes that it answers and takes
"""
