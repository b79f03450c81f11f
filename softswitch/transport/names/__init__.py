"""From a URI to the flows to try, by the names that lead there (RFC 3263).

resolver       the order of the RFC: NAPTR, SRV, addresses
name_service   the questions to name servers, and their answers for their time to live
hosts          the names of /etc/hosts, of which no server is asked
records        what is needed of the answers
"""
