// AES-GCM and ChaCha20-Poly1305 of BoringSSL, as swift-crypto carries it: that makes a cipher anew for
// every message, takes and gives copies, and shows no more of what it stands on. These functions are the
// same since BoringSSL's first years (its include/openssl/aead.h); swift-crypto puts a word before their
// names, so Package.swift takes no later version of it than those that are known to have these.

#ifndef KUBESHARK_CAEAD_H
#define KUBESHARK_CAEAD_H

#include <stddef.h>
#include <stdint.h>

/// A cipher with its key.
struct CAEADContext;

/// AES-GCM with a key of 16 or 32 bytes; null for another length, or without memory.
struct CAEADContext *CAEAD_new_aes_gcm(const uint8_t *key, size_t key_length);

/// ChaCha20-Poly1305 with a key of 32 bytes; null as above.
struct CAEADContext *CAEAD_new_chacha20_poly1305(const uint8_t *key, size_t key_length);

void CAEAD_free(struct CAEADContext *context);

/// Decrypts `length` bytes of `sealed` to `clear`, which has room for as many: 1 where the tag of 16
/// bytes fits, else 0, and `clear` means nothing. Several threads may do so with one context.
///
/// `number` is mixed into the last bytes of the nonce, as TLS does with that of a record (RFC 8446 §5.3);
/// 0 leaves it as it is.
int CAEAD_open(const struct CAEADContext *context, uint8_t *clear, const uint8_t nonce[12],
               uint64_t number, const uint8_t *sealed, size_t length, const uint8_t tag[16],
               const uint8_t *authentic, size_t authentic_length);

#endif
