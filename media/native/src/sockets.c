/* A whole batch of datagrams in one call. */

#include "sockets.h"

#include <errno.h>
#include <sys/socket.h>

long receive_batch(const int64_t *sockets, long count, uint8_t *matrix, long width, int64_t *from,
                   int64_t *lengths, int64_t *refused) {
    long came = 0;
    for (long each = 0; each < count; each++) {
        ssize_t length = recv((int)sockets[each], matrix + came * width, (size_t)width, MSG_DONTWAIT);
        if (length >= 0) {
            from[came] = each;
            lengths[came++] = length;
        } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
            ++*refused;
        }
    }
    return came;
}

long send_batch(const int64_t *sockets, const uint8_t *matrix, long width, const int64_t *places,
                const int64_t *lengths, long count) {
    long failed = 0;
    for (long each = 0; each < count; each++)
        if (send((int)sockets[each], matrix + places[each] * width, (size_t)lengths[each],
                 MSG_DONTWAIT) < 0)
            failed++;
    return failed;
}
