package import JSON
package import KFL

extension Compilation {
  /// What a filter means, or what is wrong with it, as tools and the command show it.
  package var json: JSONObject {
    var object: JSONObject = ["valid": .bool(filter != nil)]
    if let filter {
      object["normal_form"] = .string(filter.normalForm)
      object["type"] = .string(filter.type.description)
      if let rows = filter.rowLimit { object["limit"] = JSONValue(rows) }
      object["variables"] = .array(
        filter.variables.map { .string(FieldSchema.schema.variables[$0].name) })
      object["plan"] = .array(
        filter.planSteps.map { step in
          ["condition": .string(step.condition), "method": .string(step.method)]
        })
    }
    object["dialect"] = .string(spelling.rawValue)
    object["errors"] = .array(errors.map { .object($0.json) })
    object["warnings"] = .array(warnings.map { .object($0.json) })
    return object
  }
}
