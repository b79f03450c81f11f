"""`/v1/alarms`: what a receiving centre was told by Contact ID, and who has seen to it.

alarms_api     the paths
alarms_json    the classes that they take and answer
"""
