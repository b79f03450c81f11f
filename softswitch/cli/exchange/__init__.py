"""What an operator of an exchange looks at from the terminal, asked of the running switch.

route              where a number leads, and why
budgets            what is used of budgets, and budgets that begin again
prompts            sounds of prompts are uploaded and downloaded
entries            extensions, groups, trunks, routes and so on: listed, added, changed, removed
removed_mailboxes  mailboxes of extensions that were removed, and put back
new_passwords      what to type into phones that were added without a password
provision          the URL from which a phone configures itself, as a text and as a QR code
imports            users, trunks and routes of another switch are added
reload             the settings file and the certificates are read again
history            records of calls, and what happened to one
"""
