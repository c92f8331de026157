import Entries
import KFL
import Testing

@testable import Query

@Suite struct FieldSchemaTests {
  @Test func everyExampleCompiles() throws {
    for field in Catalogue.named {
      let example = try #require(field.example)
      let compilation = Query.compile(example, now: start)
      #expect(compilation.errors.isEmpty, "\(example): \(compilation.errors.map(\.message))")
      // `tcp` and `udp` are warned about on purpose: few mean the raw dissectors.
      let warnings = compilation.warnings.filter { $0.code != .tcpFlag }
      #expect(warnings.isEmpty, "\(example): \(warnings.map(\.message))")
    }
  }

  @Test func everyExampleReadsItsField() throws {
    for (slot, field) in FieldSchema.fields.enumerated() {
      let read = try filter(field.example ?? "").variables
      #expect(read.contains(slot), "\(field.id)")
    }
  }

  @Test func absentFieldsReadAsTheirDefaults() throws {
    #expect(FieldSchema.missing.count == Catalogue.named.count)
    let slot = try #require(FieldSchema.schema.slot("grpc_status"))
    #expect(FieldSchema.missing[slot].equals(.int(-1)))
    let path = try #require(FieldSchema.schema.slot("path"))
    #expect(FieldSchema.missing[path].equals(.string("")))
  }
}
