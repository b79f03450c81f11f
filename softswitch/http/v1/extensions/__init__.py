"""`/v1/extensions/{number}/…`: what belongs to one extension.

Each subject is two files: `_api` serves it, `_json` has the classes that it answers and takes.

    features      forwarding, do not disturb and the like
    schedule      where the calls of a schedule go; day and night by hand
    callbacks     for whom an extension waits until they are free
    provisioning  the URL from which its phone configures itself, and as a QR code
"""
