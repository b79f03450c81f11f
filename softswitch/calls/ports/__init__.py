"""The only way into the media wing.

    media_workers      the worker processes: started, watched, replaced
    media_port         a port: a leg's row in a worker, and what it is asked
    media_hosts        far ends that descriptions give by name
    port_sound         what a port plays, listens for and records
    prompts            what is played for `prompt:NAME`
    under_way          what a port has begun: sounds and recordings, as futures
    port_alarms        Contact ID on a port
    listening          listeners to a port's sound, who share what the worker listens for
    machine_detection  who has answered: a human, a machine or a fax
    quality            how a leg sounds, for people
    ended_legs         sums over the legs that have ended
    worker_metrics     what workers report

`media_port` and its parts `port_sound` and `port_alarms` are the faces of one object.
"""
