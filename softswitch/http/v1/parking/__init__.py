"""`/v1/parking`: the calls that are parked.

parking_api   answers
parking_json  the classes of JSON
"""
