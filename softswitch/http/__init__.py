"""The web API: what is served over HTTP, in the same event loop as the calls.

    server          the listening socket; what cannot be read is answered and logged
    users           authentication of requests, and bans of sources that guess passwords
    fields          the fields of a request, from its query, form or JSON object
    adapter         `/api` and `/`: reads a command, runs it, answers
    replies         the answers of commands, in XML and in JSON
    messages/       the message dialects of `/api`, chosen by `action`
    calls_api       `/v1/calls`: the calls that are up
    calls_json      the classes that it answers
    openapi         `/openapi.json`: the description made from these classes
    recordings      `/recordings/…`: downloads
    health          `/healthz`
    metrics         `/metrics`

To add a path: a file with its handler and its routes, and a line in `app/parts/web_api.py`.
"""
