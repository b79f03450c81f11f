"""`/v1/webhooks`: how the webhooks are doing, and the events that their servers have not taken.

webhooks_api    the paths
webhooks_json   the classes that they answer
"""
