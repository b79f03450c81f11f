"""What an exchange does for its extensions beside connecting their calls: parts like the others.

voicemail           the mailboxes, and what serves their calls
prompts             what is played for the names of prompts
prompts_in_scripts  finds prompts that scripts still play, before they are removed
events              what happens, numbered: the journal of events and what publishes to it
provisioning        the files by which phones configure themselves, and their URLs
"""
