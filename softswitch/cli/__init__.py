"""The command line, `softswitch …`: one file a command, imported when the command runs.

main            the commands of the switch itself; `start/` has all others, imported when they run
serve           `serve` runs the switch
what_to_type    what `serve` prints for people with softphones
demo            `demo`: two built-in phones, one call
script          `script`: a script with a simulated caller
voices          `voices`: what Speak can speak with
messages        `messages list`, `send` and `say`
bans            `bans` lists the bans of sources that guessed passwords, `bans lift` ends them
certificate     `certificate`: certificates for trials, and what to import
authority       an authority of one's own, which signs certificates
tables          tables that fit the terminal
asking/         asks the running switch by its HTTP API
backup/         `backup` and `restore`: all that a switch keeps, in one file
operating/      what runs: calls, registrations, trunks, recordings, alarms
exchange/       what an operator of an exchange looks at and changes
traces/         `trace`: what happened to a call, message by message; what happens now
options, exits  what commands share: the option --config, exit codes and complaints
"""
