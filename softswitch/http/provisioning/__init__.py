"""`/provisioning/NUMBER/SECRET/FILE`: phones fetch the file by which they configure themselves.

    phone_files   the path: who may fetch, and which file is meant
    phone_urls    the secret of each phone's URL, and how it is renewed
    makers        the makers: the names of files that their phones ask for
    templates     templates as files in `templates/`, one a maker, and those of the operator
    facts         what a template is given: account, server, keys
    timezones     time zones as phones write them
    qr_codes      a URL as a picture, for softphones with a camera

To add a maker: its template in `templates/`, its row in `MAKERS`, its rows in
`tests/http/provisioning/test_documented_keys.py`, its section in `docs/provisioning.md`.
"""
