"""Pages about the commands, made from their own files; a test compares them with the code.

`make docs` writes them.

`texts`        what a command's file says: the text below each field, the example
`markdown`     a page for each command, and the list of all (`docs/commands/`)
`schema`       the XML Schema of OzML for editors (`docs/ozml.xsd`)
`files`        all of them by path
`__main__`     writes them
"""
