"""The console: the page that operators see in a browser at `/`.

    web/          its sources: Svelte 5 and TypeScript; `src/pages.ts` lists its pages
    built/        what Vite makes of them, committed, so that who installs the switch needs no Node
    built_files   these files as the switch serves them: compressed, each with a tag of its content

`make console` builds it anew; a test compares the result with what is committed. It asks `/v1` for
all that it shows, like any other client. `docs/console.md` says what each page does.
"""
