/* SRTP and SRTCP: keys, the order of packets, and the two families of ciphers. */

#define OPENSSL_SUPPRESS_DEPRECATED
#include "srtp.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#define MAX_SOURCES 16
#define WINDOW 128
#define HEADER 12
#define RTCP_HEADER 8
#define HALF 0x8000
#define CM_SALT 14
#define GCM_SALT 12
#define GCM_TAG 16
#define LONGEST_TAG GCM_TAG
#define RTCP_CM_TAG 10 /* also with the short tag of RTP: RFC 4568 section 6.2.2 */
#define INDEX_OCTETS 4
#define ENCRYPTED 0x80000000u
#define MAX_RTCP_INDEX 0x7fffffffu

/* Which indices have been there: the highest, and one bit for each of the 128 up to it. */
typedef struct {
    uint64_t highest, recent, before;
    int begun;
} window;

typedef struct {
    uint32_t ssrc;
    window rtp, rtcp;
} source;

/* The keys of RTP, or those of RTCP. */
typedef struct {
    EVP_CIPHER_CTX *cipher;
    uint8_t salt[16];
    SHA_LONG inner[5], outer[5]; /* the two hashes of HMAC-SHA1, with the key taken in already */
} keys;

struct context {
    int gcm, tag, sources, last;
    keys rtp;
    source known[MAX_SOURCES];
    uint32_t rtcp_sent;
    keys rtcp;
};

static uint16_t read16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static uint32_t read32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write32(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static void mix32(uint8_t *at, uint32_t value) { write32(at, read32(at) ^ value); }

/* ---- the order of packets: RFC 3711 sections 3.3.1 and 3.3.2 ---- */

/* The index of a packet, of which only the lower 16 bits came: the one nearest to the highest. */
static uint64_t guess(const window *seen, uint16_t sequence) {
    if (!seen->begun) return sequence;
    uint64_t rollover = seen->highest >> 16;
    int last = (int)(seen->highest & 0xffff);
    if (last < HALF) {
        if (sequence - last > HALF && rollover > 0) rollover--;
    } else if (last - HALF > sequence) {
        rollover++;
    }
    return rollover << 16 | sequence;
}

static int was_there(const window *seen, uint64_t index) {
    if (!seen->begun || index > seen->highest) return 0;
    uint64_t behind = seen->highest - index;
    if (behind >= WINDOW) return 1;
    return (int)((behind < 64 ? seen->recent >> behind : seen->before >> (behind - 64)) & 1);
}

static void note(window *seen, uint64_t index) {
    if (!seen->begun) {
        *seen = (window){index, 1, 0, 1};
        return;
    }
    if (index <= seen->highest) {
        uint64_t behind = seen->highest - index;
        if (behind < 64) seen->recent |= (uint64_t)1 << behind;
        else seen->before |= (uint64_t)1 << (behind - 64);
        return;
    }
    uint64_t ahead = index - seen->highest;
    if (ahead >= WINDOW) {
        seen->recent = seen->before = 0;
    } else if (ahead >= 64) {
        seen->before = seen->recent << (ahead - 64);
        seen->recent = 0;
    } else {
        seen->before = seen->before << ahead | seen->recent >> (64 - ahead);
        seen->recent <<= ahead;
    }
    seen->recent |= 1;
    seen->highest = index;
}

/* The source of this SSRC, or a new one, which counts only after `keep`; NULL when there are too
   many: each costs room, and one far end could have a million. */
static source *find(context *used, uint32_t ssrc) {
    if (used->sources && used->known[used->last].ssrc == ssrc) return &used->known[used->last];
    for (int each = 0; each < used->sources; each++)
        if (used->known[each].ssrc == ssrc) return &used->known[each];
    if (used->sources == MAX_SOURCES) return NULL;
    source *fresh = &used->known[used->sources];
    memset(fresh, 0, sizeof *fresh);
    fresh->ssrc = ssrc;
    return fresh;
}

static void keep(context *used, const source *from) {
    used->last = (int)(from - used->known);
    if (used->last == used->sources) used->sources++;
}

/* ---- ciphers ---- */

/* The initial vector of CM: salt, SSRC and index; 16 octets, the last two are the counter. */
static void cm_vector(uint8_t *vector, const keys *with, uint32_t ssrc, uint64_t index) {
    memcpy(vector, with->salt, 16);
    mix32(vector + 4, ssrc);
    mix32(vector + 8, (uint32_t)(index >> 16));
    vector[12] ^= (uint8_t)(index >> 8);
    vector[13] ^= (uint8_t)index;
}

/* That of GCM for RTP: two zeros, SSRC, rollover counter, sequence number; 12 octets. */
static void gcm_vector(uint8_t *vector, const keys *with, uint32_t ssrc, uint64_t index) {
    memcpy(vector, with->salt, GCM_SALT);
    mix32(vector + 2, ssrc);
    mix32(vector + 6, (uint32_t)(index >> 16));
    vector[10] ^= (uint8_t)(index >> 8);
    vector[11] ^= (uint8_t)index;
}

/* That of GCM for RTCP: two zeros, SSRC, two zeros, index. */
static void gcm_rtcp_vector(uint8_t *vector, const keys *with, uint32_t ssrc, uint32_t index) {
    memcpy(vector, with->salt, GCM_SALT);
    mix32(vector + 2, ssrc);
    mix32(vector + 8, index);
}

static int cm_crypt(const keys *with, const uint8_t *vector, uint8_t *octets, int count) {
    int done;
    return EVP_EncryptInit_ex(with->cipher, NULL, NULL, NULL, vector) == 1 &&
           (count == 0 || EVP_EncryptUpdate(with->cipher, octets, &done, octets, count) == 1);
}

/* Let a hash go on from where it was after one block. */
static void resume(SHA_CTX *hash, const SHA_LONG *state) {
    *hash = (SHA_CTX){.h0 = state[0],
                      .h1 = state[1],
                      .h2 = state[2],
                      .h3 = state[3],
                      .h4 = state[4],
                      .Nl = 8 * SHA_CBLOCK};
}

/* Hash one block, and keep the state. */
static void hash_block(const uint8_t *block, SHA_LONG *state) {
    SHA_CTX hash;
    SHA1_Init(&hash);
    SHA1_Update(&hash, block, SHA_CBLOCK);
    memcpy(state, (SHA_LONG[]){hash.h0, hash.h1, hash.h2, hash.h3, hash.h4}, 5 * sizeof *state);
    OPENSSL_cleanse(&hash, sizeof hash);
}

/* The tag over some octets and a number of 32 bits behind them. */
static void cm_tag(const keys *with, const uint8_t *octets, int count, uint32_t number,
                   uint8_t *tag) {
    uint8_t behind[4];
    SHA_CTX hash;
    resume(&hash, with->inner);
    write32(behind, number);
    SHA1_Update(&hash, octets, (size_t)count);
    SHA1_Update(&hash, behind, sizeof behind);
    SHA1_Final(tag, &hash);
    resume(&hash, with->outer);
    SHA1_Update(&hash, tag, SHA_DIGEST_LENGTH);
    SHA1_Final(tag, &hash);
}

/* Encrypt `count` octets behind `aad_count` others, and write the tag behind them; `more` are
   authenticated, too. */
static int gcm_seal(const keys *with, const uint8_t *vector, uint8_t *packet, int aad_count,
                    int count, const uint8_t *more, int more_count) {
    EVP_CIPHER_CTX *cipher = with->cipher;
    int done;
    return EVP_CipherInit_ex(cipher, NULL, NULL, NULL, vector, 1) == 1 &&
           EVP_EncryptUpdate(cipher, NULL, &done, packet, aad_count) == 1 &&
           (more_count == 0 || EVP_EncryptUpdate(cipher, NULL, &done, more, more_count) == 1) &&
           (count == 0 ||
            EVP_EncryptUpdate(cipher, packet + aad_count, &done, packet + aad_count, count) == 1) &&
           EVP_EncryptFinal_ex(cipher, packet + aad_count + count, &done) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, GCM_TAG,
                               packet + aad_count + count) == 1;
}

/* The reverse; 1 when the tag is right. */
static int gcm_open(const keys *with, const uint8_t *vector, uint8_t *packet, int aad_count,
                    int count, const uint8_t *more, int more_count) {
    EVP_CIPHER_CTX *cipher = with->cipher;
    int done;
    return EVP_CipherInit_ex(cipher, NULL, NULL, NULL, vector, 0) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, GCM_TAG,
                               packet + aad_count + count) == 1 &&
           EVP_DecryptUpdate(cipher, NULL, &done, packet, aad_count) == 1 &&
           (more_count == 0 || EVP_DecryptUpdate(cipher, NULL, &done, more, more_count) == 1) &&
           (count == 0 ||
            EVP_DecryptUpdate(cipher, packet + aad_count, &done, packet + aad_count, count) == 1) &&
           EVP_DecryptFinal_ex(cipher, packet + aad_count + count, &done) == 1;
}

/* ---- keys: RFC 3711 section 4.3 ---- */

/* Write octets of the stream that a label names. The salt has 14 octets, the rest zeros. */
static int derive(const uint8_t *key, int key_octets, const uint8_t *salt, uint8_t label,
                  uint8_t *octets, int count) {
    uint8_t vector[16];
    int done, good;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    memcpy(vector, salt, 16);
    vector[7] ^= label;
    memset(octets, 0, (size_t)count);
    good = cipher &&
           EVP_EncryptInit_ex(cipher, key_octets == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr(), NULL,
                              key, vector) == 1 &&
           EVP_EncryptUpdate(cipher, octets, &done, octets, count) == 1;
    EVP_CIPHER_CTX_free(cipher);
    return good;
}

/* Begin the two hashes of an HMAC with its key. */
static void begin_hmac(keys *with, const uint8_t *key, int count) {
    uint8_t block[SHA_CBLOCK];
    memset(block, 0x36, sizeof block);
    for (int each = 0; each < count; each++) block[each] ^= key[each];
    hash_block(block, with->inner);
    for (int each = 0; each < SHA_CBLOCK; each++) block[each] ^= 0x36 ^ 0x5c;
    hash_block(block, with->outer);
    OPENSSL_cleanse(block, sizeof block);
}

/* Make the session keys of RTP (labels 0 to 2) or of RTCP (labels 3 to 5). */
static int begin_keys(keys *with, int gcm, const uint8_t *master, int key_octets,
                      const uint8_t *salt, uint8_t label) {
    uint8_t key[32], authentication[SHA_DIGEST_LENGTH];
    const EVP_CIPHER *kind = !gcm               ? EVP_aes_128_ctr()
                             : key_octets == 32 ? EVP_aes_256_gcm()
                                                : EVP_aes_128_gcm();
    int good = derive(master, key_octets, salt, label, key, key_octets) &&
               derive(master, key_octets, salt, label + 1, authentication, sizeof authentication) &&
               derive(master, key_octets, salt, label + 2, with->salt, gcm ? GCM_SALT : CM_SALT) &&
               (with->cipher = EVP_CIPHER_CTX_new()) &&
               EVP_CipherInit_ex(with->cipher, kind, NULL, key, NULL, 1) == 1;
    if (good && !gcm) begin_hmac(with, authentication, sizeof authentication);
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(authentication, sizeof authentication);
    return good;
}

context *context_new(int gcm, int key_octets, int tag_octets, const uint8_t *master, int octets) {
    uint8_t salt[16] = {0};
    int salt_octets = gcm ? GCM_SALT : CM_SALT;
    if ((key_octets != 16 && !(gcm && key_octets == 32)) || octets != key_octets + salt_octets)
        return NULL;
    context *made = OPENSSL_zalloc(sizeof *made);
    if (!made) return NULL;
    memcpy(salt, master + key_octets, (size_t)salt_octets);
    made->gcm = gcm;
    made->tag = tag_octets;
    if (!begin_keys(&made->rtp, gcm, master, key_octets, salt, 0) ||
        !begin_keys(&made->rtcp, gcm, master, key_octets, salt, 3)) {
        context_free(made);
        made = NULL;
    }
    OPENSSL_cleanse(salt, sizeof salt);
    return made;
}

void context_free(context *used) {
    EVP_CIPHER_CTX_free(used->rtp.cipher); /* wipes its key */
    EVP_CIPHER_CTX_free(used->rtcp.cipher);
    OPENSSL_clear_free(used, sizeof *used);
}

/* ---- RTP ---- */

/* Octets of header, CSRC list and extension; 0 when the packet is no RTP or too short. */
static int header_of(const uint8_t *packet, int64_t length) {
    if (length < HEADER || packet[0] >> 6 != 2) return 0;
    int header = HEADER + 4 * (packet[0] & 0x0f);
    if (packet[0] & 0x10) {
        if (header + 4 > length) return 0;
        header += 4 + 4 * read16(packet + header + 2);
    }
    return header <= length ? header : 0;
}

static int protect(context *used, uint8_t *packet, int64_t *length, long width) {
    int header = header_of(packet, *length);
    if (!header || *length + LONGEST_TAG > width) return FORGED;
    int count = (int)*length - header;
    uint32_t ssrc = read32(packet + 8);
    source *from = find(used, ssrc);
    if (!from) return FORGED;
    uint64_t index = guess(&from->rtp, read16(packet + 2));
    if (was_there(&from->rtp, index)) return REPEATED;
    uint8_t vector[16], tag[SHA_DIGEST_LENGTH];
    if (used->gcm) {
        gcm_vector(vector, &used->rtp, ssrc, index);
        if (!gcm_seal(&used->rtp, vector, packet, header, count, NULL, 0)) return FORGED;
    } else {
        cm_vector(vector, &used->rtp, ssrc, index);
        if (!cm_crypt(&used->rtp, vector, packet + header, count)) return FORGED;
        cm_tag(&used->rtp, packet, (int)*length, (uint32_t)(index >> 16), tag);
        memcpy(packet + *length, tag, (size_t)used->tag);
    }
    note(&from->rtp, index);
    keep(used, from);
    *length += used->tag;
    return PASSED;
}

static int unprotect(context *used, uint8_t *packet, int64_t *length) {
    int header = header_of(packet, *length);
    if (!header) return FORGED;
    int64_t end = *length - used->tag;
    int count = (int)end - header;
    uint32_t ssrc = read32(packet + 8);
    source *from = find(used, ssrc);
    if (!from) return FORGED;
    uint64_t index = guess(&from->rtp, read16(packet + 2));
    if (was_there(&from->rtp, index)) return REPEATED;
    if (count < 0) return FORGED;
    uint8_t vector[16], tag[SHA_DIGEST_LENGTH];
    if (used->gcm) {
        gcm_vector(vector, &used->rtp, ssrc, index);
        if (!gcm_open(&used->rtp, vector, packet, header, count, NULL, 0)) return FORGED;
    } else {
        cm_tag(&used->rtp, packet, (int)end, (uint32_t)(index >> 16), tag);
        if (CRYPTO_memcmp(tag, packet + end, (size_t)used->tag) != 0) return FORGED;
        cm_vector(vector, &used->rtp, ssrc, index);
        if (!cm_crypt(&used->rtp, vector, packet + header, count)) return FORGED;
    }
    note(&from->rtp, index);
    keep(used, from);
    *length = end;
    return PASSED;
}

static context *context_of(uint64_t number) {
    return number > 1 ? (context *)(uintptr_t)number : NULL;
}

/* Contexts are many and have long left the caches when their turn comes: ask for them in time. */
static void fetch(const uint64_t *contexts, long each, long count) {
    if (each + 2 < count) {
        const char *later = (const char *)context_of(contexts[each + 2]);
        if (later)
            for (int line = 0; line < 4; line++) __builtin_prefetch(later + 64 * line, 1);
    }
    if (each + 1 < count) {
        const context *next = context_of(contexts[each + 1]);
        if (next)
            for (int line = 0; line < 3; line++)
                __builtin_prefetch((const char *)next->rtp.cipher + 64 * line, 1);
    }
}

void protect_batch(const uint64_t *contexts, uint8_t *matrix, long width, const int64_t *places,
                   int64_t *lengths, int64_t *verdicts, long count) {
    for (long each = 0; each < count; each++) {
        fetch(contexts, each, count);
        context *used = context_of(contexts[each]);
        verdicts[each] =
            used ? protect(used, matrix + places[each] * width, &lengths[each], width) : FORGED;
    }
}

void unprotect_batch(const uint64_t *contexts, uint8_t *matrix, long width, const int64_t *places,
                     int64_t *lengths, int64_t *verdicts, long count) {
    for (long each = 0; each < count; each++) {
        fetch(contexts, each, count);
        context *used = context_of(contexts[each]);
        verdicts[each] =
            used ? unprotect(used, matrix + places[each] * width, &lengths[each]) : FORGED;
    }
}

/* ---- RTCP: RFC 3711 section 3.4, RFC 7714 section 9 ---- */

int protect_rtcp(uint64_t number, uint8_t *packet, int *length) {
    context *used = context_of(number);
    if (!used || *length < RTCP_HEADER || used->rtcp_sent >= MAX_RTCP_INDEX) return FORGED;
    int count = *length - RTCP_HEADER;
    uint32_t ssrc = read32(packet + 4), index = ++used->rtcp_sent;
    uint8_t vector[16], trailer[INDEX_OCTETS], tag[SHA_DIGEST_LENGTH];
    write32(trailer, index | ENCRYPTED);
    if (used->gcm) {
        gcm_rtcp_vector(vector, &used->rtcp, ssrc, index);
        if (!gcm_seal(&used->rtcp, vector, packet, RTCP_HEADER, count, trailer, INDEX_OCTETS))
            return FORGED;
        memcpy(packet + *length + GCM_TAG, trailer, INDEX_OCTETS);
        *length += GCM_TAG + INDEX_OCTETS;
        return PASSED;
    }
    cm_vector(vector, &used->rtcp, ssrc, index);
    if (!cm_crypt(&used->rtcp, vector, packet + RTCP_HEADER, count)) return FORGED;
    memcpy(packet + *length, trailer, INDEX_OCTETS);
    cm_tag(&used->rtcp, packet, *length, index | ENCRYPTED, tag);
    memcpy(packet + *length + INDEX_OCTETS, tag, RTCP_CM_TAG);
    *length += INDEX_OCTETS + RTCP_CM_TAG;
    return PASSED;
}

int unprotect_rtcp(uint64_t number, uint8_t *packet, int *length) {
    context *used = context_of(number);
    if (!used) return FORGED;
    int end = *length - INDEX_OCTETS - (used->gcm ? GCM_TAG : RTCP_CM_TAG);
    if (end < RTCP_HEADER || packet[0] >> 6 != 2) return FORGED;
    uint8_t *trailer = packet + (used->gcm ? end + GCM_TAG : end);
    uint32_t ssrc = read32(packet + 4), word = read32(trailer), index = word & ~ENCRYPTED;
    source *from = find(used, ssrc);
    if (!from || !(word & ENCRYPTED)) return FORGED;
    if (was_there(&from->rtcp, index)) return REPEATED;
    uint8_t vector[16], tag[SHA_DIGEST_LENGTH];
    if (used->gcm) {
        gcm_rtcp_vector(vector, &used->rtcp, ssrc, index);
        if (!gcm_open(&used->rtcp, vector, packet, RTCP_HEADER, end - RTCP_HEADER, trailer,
                      INDEX_OCTETS))
            return FORGED;
    } else {
        cm_tag(&used->rtcp, packet, end, word, tag);
        if (CRYPTO_memcmp(tag, trailer + INDEX_OCTETS, RTCP_CM_TAG) != 0) return FORGED;
        cm_vector(vector, &used->rtcp, ssrc, index);
        if (!cm_crypt(&used->rtcp, vector, packet + RTCP_HEADER, end - RTCP_HEADER)) return FORGED;
    }
    note(&from->rtcp, index);
    keep(used, from);
    *length = end;
    return PASSED;
}
