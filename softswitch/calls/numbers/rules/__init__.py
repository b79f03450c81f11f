"""The rules of the dial plan: which numbers they take, from whom, when, and what becomes of them.

route        one rule: its conditions, and the number that it dials
classes      kinds of numbers, and the rights to dial them
budgets      how many calls and minutes may go out in a day
rules        all of them together
emergency    numbers that always pass
explanation  which rule takes a number and why each before it did not, in sentences
"""
