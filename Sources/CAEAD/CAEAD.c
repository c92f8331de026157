#include "CAEAD.h"

typedef struct evp_aead_st EVP_AEAD;
typedef struct evp_aead_ctx_st EVP_AEAD_CTX;

// Of BoringSSL's aead.h.
const EVP_AEAD *CCryptoBoringSSL_EVP_aead_aes_128_gcm(void);
const EVP_AEAD *CCryptoBoringSSL_EVP_aead_aes_256_gcm(void);
const EVP_AEAD *CCryptoBoringSSL_EVP_aead_chacha20_poly1305(void);
EVP_AEAD_CTX *CCryptoBoringSSL_EVP_AEAD_CTX_new(const EVP_AEAD *aead, const uint8_t *key,
                                                size_t key_len, size_t tag_len);
void CCryptoBoringSSL_EVP_AEAD_CTX_free(EVP_AEAD_CTX *ctx);
int CCryptoBoringSSL_EVP_AEAD_CTX_open_gather(const EVP_AEAD_CTX *ctx, uint8_t *out,
                                              const uint8_t *nonce, size_t nonce_len,
                                              const uint8_t *in, size_t in_len,
                                              const uint8_t *in_tag, size_t in_tag_len,
                                              const uint8_t *ad, size_t ad_len);

// Zero stands for the longest tag, which is 16 bytes of all three.
static struct CAEADContext *new_context(const EVP_AEAD *aead, const uint8_t *key, size_t length) {
  return (struct CAEADContext *)CCryptoBoringSSL_EVP_AEAD_CTX_new(aead, key, length, 0);
}

struct CAEADContext *CAEAD_new_aes_gcm(const uint8_t *key, size_t key_length) {
  switch (key_length) {
  case 16: return new_context(CCryptoBoringSSL_EVP_aead_aes_128_gcm(), key, key_length);
  case 32: return new_context(CCryptoBoringSSL_EVP_aead_aes_256_gcm(), key, key_length);
  default: return NULL;
  }
}

struct CAEADContext *CAEAD_new_chacha20_poly1305(const uint8_t *key, size_t key_length) {
  if (key_length != 32) return NULL;
  return new_context(CCryptoBoringSSL_EVP_aead_chacha20_poly1305(), key, key_length);
}

void CAEAD_free(struct CAEADContext *context) {
  CCryptoBoringSSL_EVP_AEAD_CTX_free((EVP_AEAD_CTX *)context);
}

int CAEAD_open(const struct CAEADContext *context, uint8_t *clear, const uint8_t nonce[12],
               uint64_t number, const uint8_t *sealed, size_t length, const uint8_t tag[16],
               const uint8_t *authentic, size_t authentic_length) {
  uint8_t mixed[12];
  for (int place = 0; place < 12; place++) mixed[place] = nonce[place];
  for (int place = 0; place < 8; place++) mixed[11 - place] ^= (uint8_t)(number >> (8 * place));
  return CCryptoBoringSSL_EVP_AEAD_CTX_open_gather((const EVP_AEAD_CTX *)context, clear, mixed, 12,
                                                   sealed, length, tag, 16, authentic,
                                                   authentic_length);
}
