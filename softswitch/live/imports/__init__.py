"""Files of other switches as entries of ours, with a report of what does not map.

imported         what comes out: entries with their lines, what was left out, what is wrong
users_csv        a table of users, as FreePBX, 3CX and spreadsheets write it
asterisk_files   the files of Asterisk: sections, templates, lines
pjsip            pjsip.conf: endpoints become phones and trunks
extensions_conf  extensions.conf: numbers become groups, conferences, echoes and routes
formats          which of these reads a file
"""
