import Bytes
import Entries
import Testing

@Suite struct SecretNamesTests {
  @Test(arguments: [
    "password", "PASSWORD", "pass-word", "userPassword", "db.password.old", "accessToken",
    "access_token", "X_API_KEY", "pin", "_pin_", "p.i.n", "clientSecret", "to\u{212a}en",
  ])
  func namesOfSecretsAreKnownHoweverTheyAreSpelled(name: String) {
    #expect(SecretNames.isSecret(key: name))
    let isSecretOnTheWire = SecretNames.isSecret(key: Array(name.utf8).rawSpan)
    #expect(isSecretOnTheWire)
  }

  @Test(arguments: [
    "promptTokenCount", "candidatesTokenCount", "cache_read_input_tokens", "", "p", "name",
    "author", "spin", "pinned", "tokens_used", "token-type", "max.tokens",
    "password_hint", "topic", "description", "naïve",
  ])
  func otherNamesAreNot(name: String) {
    #expect(!SecretNames.isSecret(key: name))
    let isSecretOnTheWire = SecretNames.isSecret(key: Array(name.utf8).rawSpan)
    #expect(!isSecretOnTheWire)
  }
}
