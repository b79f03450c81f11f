/* A whole batch of datagrams in one call: one `recv` or `send` a socket, without Python between. */

#ifndef SOFTSWITCH_SOCKETS_H
#define SOFTSWITCH_SOCKETS_H

#include <stdint.h>

/* Receive one datagram from each socket into the next free row of a matrix. `from` gets the index
   of the socket that each row came from, `lengths` its length, which is `width` if it did not fit.
   Returns how many came; `refused` counts receives that failed. */
long receive_batch(const int64_t *sockets, long count, uint8_t *matrix, long width, int64_t *from,
                   int64_t *lengths, int64_t *refused);

/* Send some rows of a matrix, each by a socket of its own. Returns how many sends failed. */
long send_batch(const int64_t *sockets, const uint8_t *matrix, long width, const int64_t *places,
                const int64_t *lengths, long count);

#endif
