"""The program: builds every part of the switch, runs them until SIGTERM, and ends them backwards.

    serve           runs the application until a signal ends it
    application     the whole switch: start, drain, stop
    running_routes  the paths of `/v1` about what runs
    assembly        builds the parts in their order, and gathers what they tell of themselves
    parts           one file a part: made from the settings and the parts before it, complete
    exchange        more parts: what an exchange does beside connecting calls
    reading         reads the settings file, a large one beside the running switch
    source          where the settings come from when they are read again
    takers          how the parts take changed settings while they run
    periodic        what is done every now and then beside the calls
    check_files     looks at what the settings name on disk before anything is started
    certificates    reads the certificates, and reads them anew when they were replaced
    entropy         unguessable octets and tokens
    process         file descriptors, the collector of garbage, what systemd is told

It is the only room that knows all others, and nothing but `cli` and `demo` imports it.
"""
