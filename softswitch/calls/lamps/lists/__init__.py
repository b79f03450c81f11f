"""Event lists: one subscription to the lamps of many extensions (RFC 4662).

    list_package    the lists that the settings define, as something that can be watched
    list_lamp       one subscription to a list: whom it shows, and what it is to be told
    rlmi            its documents: resource list meta-information and the states beside it

The extensions of a list are resources like any other: each has one document, which single lamps
and lists are told alike.
"""
