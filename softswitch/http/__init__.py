"""The web API: what is served over HTTP, in the same event loop as the calls.

    server              the listening socket; what cannot be read is answered and logged
    connections         how many connections there may be, and how long a request may take
    secure_connections  the same for HTTPS, whose handshakes are bounded as well
    web_sockets         the opening handshake of SIP over WebSocket
    users               authentication of requests, where users come from, and bans of guessers
    access/             logins beside passwords: sessions of the console
    cross_site          requests that a page of another site has made a browser send
    fields              the fields of a request, from its query, form or JSON object
    adapter             `/api` and `/`: reads a command, runs it, answers
    replies             the answers of commands, in XML and in JSON
    messages/           the message dialects of `/api`, chosen by `action`
    v1/                 `/v1`: calls and bans as JSON, and `/openapi.json`
    provisioning/       `/provisioning/…`: the files that phones fetch
    console             `/` and `/console/…`: the page of operators
    recordings          `/recordings/…`: downloads
    health              `/healthz`
    metrics             `/metrics`

To add a path: a file with its handler and its routes, and a line in `app/parts/web_api.py`.
"""
