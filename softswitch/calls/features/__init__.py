"""What extensions want with their calls: forwarding, do not disturb, so many at a time.

features            the features of one extension, as values
extension_features  those of all extensions: the settings, and what was changed while running
"""
