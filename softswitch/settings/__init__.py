"""The settings: every table of `config/softswitch.toml` as a typed model, read and checked.

    load            reads the file and the environment, with one line for every mistake
    toml            the grammar of the file, its mistakes in our words
    tables          all tables in one model
    server          the tables of the server: [sip], [media], [http], [storage], [guard] and so on
    tls             [tls]: the certificates that we show, and whom we believe
    extensions/     [[extensions]], one file a kind
    dialplan/       [[trunks]], [[routes]], [[calendars]], [[addressbooks]]
    exchange/       [codes], [lamps]: what it does for its extensions beside connecting calls;
                    [[http.users]]
    connections     [[connections]], [messages], [[message_routes]]
    plain/          single keys without the models, for commands that start at once
    features        what becomes of the calls to a phone: forwarding, do not disturb, mailbox
    srtp            what extensions and trunks say about SRTP
    values          the kinds of values that keys have, each with what it says when it is wrong
    findings        what pydantic finds wrong with a value, in the words of the file
    contradictions  what is wrong between tables that are each right
    remains         the settings without what is wrong, so that the rest can still be judged
    mistakes        one line for one mistake: file or variable, key, what was expected
    passwords       the passwords of phones and HTTP users, random ones where the file has none

To add a key: a field with its default and docstring, its line in `config/softswitch.toml`, and the
part that it is for takes it in `app/parts/`. The package imports nothing else of
`softswitch`, so every part may use its models.
"""
