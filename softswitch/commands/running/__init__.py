"""The real switch behind the protocols of `base/`: what commands reach when no script is simulated.

`call`          a call, and who of it is meant
`party`         a party of a call
`switch`        calls to start, lists, messages, files
`messages`      text messages, over `softswitch/messaging/`
`alarms`        a call that reports an alarm to a receiving centre
`call_fields`   what notifications tell of a call
`rows`          rows of lists
`recording_links`  the URLs of recordings
"""
