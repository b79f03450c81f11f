"""`softswitch backup` and `softswitch restore`: all that a switch keeps, in one tar file.

backup     writes the file, also while the switch runs
restore    puts its content in place for a switch that does not run
contents   what belongs into it, and where that is
archive    the file itself: members, digests, and what is refused when it is read
swapping   puts what was unpacked in the place of what is there
"""
