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
    // An apostrophe in a comment or a quoted name begins no literal.
    ("-- don't\nSELECT 1 WHERE a = 'x' AND b = 2", "SELECT ? WHERE a = ? AND b = ?"),
    ("# don't\nset a = 'x'", "set a = ?"),
    ("/* it's */ select a from t where b='x' and c=3", "select a from t where b=? and c=?"),
    ("select a /* traceparent='00-4bf9' */ from t", "select a from t"),
    ("select /*! sql_no_cache */ 1", "select /*! sql_no_cache */ ?"),
    (#"update t set "it's" = 1, b = 'x'"#, #"update t set "it's" = ?, b = ?"#),
    ("select `a'b` from t where c = 'x'", "select `a'b` from t where c = ?"),
    // A backslash escapes in MySQL, and behind an E.
    (#"select 'C:\', b from t"#, "select ?, b from t"),
    (#"select 'it\'s', b from t"#, "select ?, b from t"),
    (#"select E'\'', b from t"#, "select E?, b from t"),
    ("select $$it's$$, $1, $q$ '$ $q$, b", "select ?, $1, ?, b"),
    ("select a #>> '{b}' from t", "select a #>> ? from t"),
    // A sign is the number's where nothing is added to or subtracted from.
    ("update t set a = a + -5 where b=-1", "update t set a = a + ? where b=?"),
    ("insert into t values (1, -2, +3)", "insert into t values (?)"),
    ("select a -1, b - 2, (c)-3 from t", "select a -?, b - ?, (c)-? from t"),
  ])
  func valuesAreTakenOut(_ statement: String, _ shape: String) {
    #expect(StatementTemplate.template(of: statement) == shape)
  }

  @Test func onlyStatementsAreTakenForThem() {
    #expect(StatementTemplate.isStatement("select 1"))
    #expect(StatementTemplate.isStatement("/* app */ -- x\n select 1"))
    #expect(!StatementTemplate.isStatement("/* select 1"))
    #expect(!StatementTemplate.isStatement("/select/1"))
    #expect(!StatementTemplate.isStatement("dc=shop (uid=al)"))
    #expect(!StatementTemplate.isStatement("selection of things"))
  }
}
