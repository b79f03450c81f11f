/* SRTP of a whole batch in one call (RFC 3711, RFC 7714), on the ciphers of OpenSSL. */

#ifndef SOFTSWITCH_SRTP_H
#define SOFTSWITCH_SRTP_H

#include <stdint.h>

enum { PASSED = 0, FORGED = 1, REPEATED = 2 };

typedef struct context context;

/* A context of one direction; NULL when the master key and salt do not have the suite's length.
   `gcm` says which of the two families of suites; lengths are in octets. */
context *context_new(int gcm, int key_octets, int tag_octets, const uint8_t *master, int octets);
void context_free(context *used);

/* Packets are rows of a matrix whose rows are `width` octets apart. Each has a context, a place and
   a length, which is changed, and gets a verdict. Contexts 0 and 1 stand for no keys. */
void protect_batch(const uint64_t *contexts, uint8_t *matrix, long width, const int64_t *places,
                   int64_t *lengths, int64_t *verdicts, long count);
void unprotect_batch(const uint64_t *contexts, uint8_t *matrix, long width, const int64_t *places,
                     int64_t *lengths, int64_t *verdicts, long count);

/* One compound packet, with room for 20 octets more behind it. */
int protect_rtcp(uint64_t number, uint8_t *packet, int *length);
int unprotect_rtcp(uint64_t number, uint8_t *packet, int *length);

#endif
