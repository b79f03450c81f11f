"""`/v1/addressbooks/{name}/contacts`: the contacts of an address book, one by one.

The books themselves are entries of the settings (`../entries/`).

contacts_api     the paths
contacts_json    the classes that they take and answer
"""
