"""`/v1`: the running switch as JSON, described by `/openapi.json`.

    calls/          `/v1/calls`: the calls that are up, and what is done to them
    access/         `/v1/session`, `/v1/tokens`, `/v1/audit`: logins, and who has changed what
    bans_api        `/v1/bans`: the bans that last, and their end
    bans_json       the classes that it answers
    dialling/       `/v1/route`: where numbers lead; `/v1/budget-uses`
    events/         `/v1/events`: what happens, as it happens
    extensions/     `/v1/extensions/{number}/…`: what belongs to one extension
    history/        `/v1/history`: records of calls, their chains, CSV
    entries/        `/v1/extensions` and so on: settings that change while the switch runs
    messages/       `/v1/messages`: text messages of all folders, sent and deleted
    alarms/         `/v1/alarms`: alarm reports, and who has seen to them
    addressbooks/   `/v1/addressbooks/{name}/contacts`: contacts, one by one
    settings/       `/v1/settings`: every key as it is in effect, and the check of the file
    commands/       `/v1/commands`: the declarations of the commands of `/api`
    scripts/        `/v1/scripts`: scripts with their versions, checked and rehearsed
    parking/        `/v1/parking`: the calls that are parked
    recordings/     `/v1/recordings`: files of recordings, their sound and its shape
    registrations/  `/v1/registrations`: where phones are
    states/         `/v1/states/…`: trunks, groups and conferences at this moment
    health/         `/v1/health`: how the switch is, and what to do; `/v1/nodes`
    queues/         `/v1/queues/{number}/state`, agents that log in and pause
    trace/          `/v1/calls/{call_id}/trace`: what happened to a call
    voicemail/      `/v1/voicemail`: mailboxes, messages, greetings, PINs
    webhooks/       `/v1/webhooks`: how webhooks are doing, and what was put aside
    operations      what a path does and which right it needs, as its subject declares it
    serving         the one way in: who asks, with which right, and what refuses; errors in JSON
    openapi         the description, made from these declarations
    lists           which part of a list is wanted
    moments         how times are shown
    faults          what is wrong with a JSON body, field by field
    bodies          reads JSON bodies, and the versions that a requester has seen
    mistakes_json   all that is wrong with changes of settings
    asking          who asks, and how all of `/v1` answers

To add a path: its classes, its `Operation` with the right that it needs, that in `OPERATIONS` of
`openapi.py`, its work given to `served`, and its line in `docs/rights.md`.
"""
