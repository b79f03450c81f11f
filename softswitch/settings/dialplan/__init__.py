"""The tables that say where numbers lead besides the extensions.

trunks        [[trunks]]: providers and other switches
routes        [[routes]]: where dialled numbers go; [[classes]] of numbers; [dialling]
patterns      how numbers are matched and rewritten
calendars     [[calendars]]: hours and holidays
budgets       [[budgets]]: how much may go out in a day
emergency     [emergency]: numbers that always pass
addressbooks  [[addressbooks]]: contacts that commands and scripts look up
"""
