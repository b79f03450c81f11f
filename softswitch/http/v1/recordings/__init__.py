"""`/v1/recordings`: the files of recordings, their sound and its shape.

recordings_api   lists, plays and deletes recordings
recordings_json  the classes that it answers
kept             the files below `storage.recordings`, and their names at `/v1`
peaks            how loud a recording is over its time, for a picture of it
"""
