"""What extensions want with their calls: forwarding, do not disturb, so many at a time.

features            the features of one extension, as values
recent              who has called an extension last, and who was busy
callback_requests   who is to be called when whom gets free
kept                rows on disk, by the names of what they are for: written, and read back
extension_features  those of all extensions: the settings, and what was changed while running
"""
