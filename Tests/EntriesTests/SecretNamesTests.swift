import Bytes
import Entries
import Testing

@Suite struct SecretNamesTests {
  @Test(arguments: [
    "password", "PASSWORD", "pass-word", "userPassword", "db.password.old", "accessToken",
    "access_token", "X_API_KEY", "pin", "_pin_", "p.i.n", "clientSecret", "to\u{212a}en",
    "papassword", "sessessid", "accapikey", "masmasterauth", "to-_.ken7", "sess.ion.id",
  ])
  func namesOfSecretsAreKnownHoweverTheyAreSpelled(name: String) {
    #expect(SecretNames.isSecret(key: name))
    let isSecretOnTheWire = SecretNames.isSecret(key: Array(name.utf8).rawSpan)
    #expect(isSecretOnTheWire)
  }

  @Test(arguments: [
    "promptTokenCount", "candidatesTokenCount", "cache_read_input_tokens", "", "p", "name",
    "author", "spin", "pinned", "tokens_used", "token-type", "max.tokens",
    "password_hint", "topic", "description", "naïve", "passwo", "pass7word", "to:ken", "pass word",
    "sessi", "user:pin", "pinpin",
  ])
  func otherNamesAreNot(name: String) {
    #expect(!SecretNames.isSecret(key: name))
    let isSecretOnTheWire = SecretNames.isSecret(key: Array(name.utf8).rawSpan)
    #expect(!isSecretOnTheWire)
  }

  @Test(arguments: ["user:7:pin", "a:b:p-w-d", "ä:otp", "x:token", ":pass:sid", "pin"])
  func lastPartsMayBeNamesOfTheirOwn(key: String) {
    let isSecret = SecretNames.isSecret(key: Array(key.utf8).rawSpan, orPartOf: 5)
    #expect(isSecret)
  }

  @Test(arguments: ["user:pin:7", "pin:", "x:spin", "name", "", ":", "x:p--w--d"])
  func otherPartsAreNot(key: String) {
    let isSecret = SecretNames.isSecret(key: Array(key.utf8).rawSpan, orPartOf: 5)
    #expect(!isSecret)
  }
}
