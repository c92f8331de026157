import Query
import Testing

@Suite struct StatementTemplateTests {
  @Test(arguments: [
    ("SELECT * FROM t WHERE id = 7", "SELECT * FROM t WHERE id = ?"),
    (
      "select  a1\nfrom t2 where b in (1, 2,3) and c='it''s'",
      "select a1 from t2 where b in (?) and c=?"
    ),
    ("INSERT INTO t(a, b) VALUES ('x', 1.5);", "INSERT INTO t(a, b) VALUES (?)"),
    ("SELECT $1", "SELECT $1"),
    ("UPDATE t SET a = 'open", "UPDATE t SET a = ?"),
  ])
  func valuesAreTakenOut(_ statement: String, _ shape: String) {
    #expect(StatementTemplate.template(of: statement) == shape)
  }

  @Test func onlyStatementsAreTakenForThem() {
    #expect(StatementTemplate.isStatement("select 1"))
    #expect(!StatementTemplate.isStatement("/select/1"))
    #expect(!StatementTemplate.isStatement("dc=shop (uid=al)"))
    #expect(!StatementTemplate.isStatement("selection of things"))
  }
}
