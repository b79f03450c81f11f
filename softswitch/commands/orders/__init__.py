"""Orders of commands to a party or to a call; a file has one order, or two that belong together.

Each order is a frozen value (`base/order.py`): `perform` does it on a real call, `simulate` shows
it in `softswitch script`. A new order is one file, and the command that uses it.

To a party:

`play`  `speak`  `beep`    sound; `sound_errors` says why it could not be played
`send_dtmf`                keys
`detect`                   wait for a sound of the party

To a call:

`answer`                   answer, reject, hang up
`hold`                     hold, back from it, and waiting for that
`transfer`                 forward, blind and attended transfer
`invite`                   call a third to join
`record`                   record to a file
`supervise`                let a supervisor listen, whisper or barge in; mute a party
`receive_alarms`           shake hands with an alarm panel
`refusals`                 what call control refuses, in the words of the API
"""
