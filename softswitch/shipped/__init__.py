"""Files that come with the package: settings to begin with, music, a script, a schema.

    defaults.toml      what the switch runs on in a folder without a settings file
    softswitch.toml    every key with its explanation, which `softswitch init` writes
    hold.ogg           music for those who wait
    welcome.xml        a script to begin with
    ozml.xsd           the schema of scripts, for editors
    scripts.md         the guide to scripts, whose examples editors offer
    files.py           where they are

Where the repository keeps a file elsewhere, it is a link here; in the wheel it is a file.
"""
