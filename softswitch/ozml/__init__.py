"""OzML: scripts in XML that control calls (API reference, sections 5 to 8).

A *document* is one XML text; its *commands* run one after the other as the *script* of a call. The
*origin* of a command is where it stands: a script of an extension, the answer to a notification
about somebody else's call, the answer to RoutingInterception, or an HTTP request.

From the document to the run
    `characters` finds out the encoding, `document` reads XML into elements with their places,
    `check` finds every mistake before anything runs, `loading` refuses a document with one.
    `interpreter` runs the commands; `variables` are replaced in each just before it runs.
    `script_context` is what all scripts are given, `limits` what they may use. `sounds` finds or
    fetches the files that `Play` names.

Whose scripts run
    `services` runs them on calls: for API and IVR extensions, for calls that commands start
    (`states` has those of `Request`, which `leaving` ends with their states), for answers about
    calls of others.

Applications
    `notifications` sends one notification and reads the script in its answer. Notifications leave
    by `services` (IncomingCall, CallConnected) and by the room `applications/` (everything else).

Without a telephone
    `terminal/` is `softswitch script`: it checks a document, or runs it against a simulated caller
    on a clock that skips waiting.
"""
