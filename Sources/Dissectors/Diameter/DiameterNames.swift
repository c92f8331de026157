/// Names of commands, applications, results, AVPs and of some of their values (IANA "AAA
/// Parameters", 3GPP TS 29.230).
package enum DiameterNames {
  /// How a value is shown.
  enum Form: Sendable {
    case text, number, longNumber, signed, longSigned, fraction, address, time, group, telephone
    case bytes, secret, userData
  }

  private static let threeGPP: UInt32 = 10_415

  // MARK: Commands

  static func command(_ code: UInt32) -> String { commands[code]?.0 ?? "Command-\(code)" }

  /// What a request of that command is called for short, such as `CCR` for `Credit-Control`.
  package static func request(_ name: String) -> String? { requests[name] }

  private static let requests = Dictionary(
    commands.values.map { ($0.0, $0.1 + "R") }, uniquingKeysWith: { first, _ in first })

  static func isKnown(_ command: UInt32) -> Bool { commands[command] != nil }

  /// Name, and the letters of its requests without the final R.
  private static let commands: [UInt32: (String, String)] = [
    257: ("Capabilities-Exchange", "CE"), 258: ("Re-Auth", "RA"), 260: ("AA-Mobile-Node", "AM"),
    262: ("Home-Agent-MIP", "HA"), 265: ("AA", "AA"), 268: ("Diameter-EAP", "DE"),
    271: ("Accounting", "AC"), 272: ("Credit-Control", "CC"), 274: ("Abort-Session", "AS"),
    275: ("Session-Termination", "ST"), 280: ("Device-Watchdog", "DW"),
    282: ("Disconnect-Peer", "DP"), 283: ("User-Authorization", "UA"),
    284: ("Server-Assignment", "SA"), 285: ("Location-Info", "LI"), 286: ("Multimedia-Auth", "MA"),
    287: ("Registration-Termination", "RT"), 288: ("Push-Profile", "PP"),
    300: ("User-Authorization", "UA"), 301: ("Server-Assignment", "SA"),
    302: ("Location-Info", "LI"), 303: ("Multimedia-Auth", "MA"),
    304: ("Registration-Termination", "RT"), 305: ("Push-Profile", "PP"), 306: ("User-Data", "UD"),
    307: ("Profile-Update", "PU"), 308: ("Subscribe-Notifications", "SN"),
    309: ("Push-Notification", "PN"), 310: ("Bootstrapping-Info", "BI"),
    311: ("Message-Process", "MP"), 312: ("GBAPush-Info", "GPI"), 314: ("Policy-Data", "PD"),
    315: ("Policy-Install", "PI"), 316: ("Update-Location", "UL"), 317: ("Cancel-Location", "CL"),
    318: ("Authentication-Information", "AI"), 319: ("Insert-Subscriber-Data", "ID"),
    320: ("Delete-Subscriber-Data", "DS"), 321: ("Purge-UE", "PU"), 322: ("Reset", "RS"),
    323: ("Notify", "NO"), 324: ("ME-Identity-Check", "EC"), 325: ("MIP6", "MI"),
    326: ("QoS-Authorization", "QA"), 327: ("QoS-Install", "QI"),
    328: ("Capabilities-Update", "CU"), 329: ("IKEv2-SK", "IKES"), 330: ("NAT-Control", "NC"),
    8_388_620: ("Provide-Location", "PL"), 8_388_621: ("Location-Report", "LR"),
    8_388_622: ("LCS-Routing-Info", "RI"), 8_388_635: ("Spending-Limit", "SL"),
    8_388_636: ("Spending-Status-Notification", "SN"), 8_388_637: ("TDF-Session", "TS"),
    8_388_638: ("Update-VCSG-Location", "UV"), 8_388_639: ("Device-Action", "DA"),
    8_388_640: ("Device-Notification", "DN"), 8_388_641: ("Subscriber-Information", "SI"),
    8_388_642: ("Cancel-VCSG-Location", "CV"), 8_388_643: ("Device-Trigger", "DT"),
    8_388_644: ("Delivery-Report", "DR"), 8_388_645: ("MO-Forward-Short-Message", "OF"),
    8_388_646: ("MT-Forward-Short-Message", "TF"),
    8_388_647: ("Send-Routing-Info-for-SM", "SR"), 8_388_648: ("Alert-Service-Centre", "AL"),
    8_388_649: ("Report-SM-Delivery-Status", "RD"), 8_388_656: ("Trigger-Establishment", "TE"),
    8_388_662: ("GCS-Action", "GA"), 8_388_663: ("GCS-Notification", "GN"),
    8_388_664: ("ProSe-Subscriber-Information", "PI"),
    8_388_665: ("Update-ProSe-Subscriber-Data", "UP"), 8_388_666: ("ProSe-Notify", "PN"),
    8_388_667: ("Reset", "RS"), 8_388_713: ("ProSe-Initial-Location-Information", "PS"),
    8_388_718: ("Configuration-Information", "CI"), 8_388_719: ("Reporting-Information", "RI"),
    8_388_720: ("Non-Aggregated-RUCI-Report", "NR"), 8_388_721: ("Aggregated-RUCI-Report", "AR"),
    8_388_722: ("Modify-Uecontext", "MU"), 8_388_726: ("NIDD-Information", "NI"),
    8_388_732: ("Connection-Management", "CM"), 8_388_733: ("MO-Data", "OD"),
    8_388_734: ("MT-Data", "TD"),
  ]

  // MARK: Applications

  static func application(_ identifier: UInt32) -> String {
    applications[identifier] ?? "Application-\(identifier)"
  }

  private static let applications: [UInt32: String] = [
    0: "Base", 1: "NASREQ", 2: "Mobile IPv4", 3: "Base Accounting", 4: "Credit-Control", 5: "EAP",
    6: "SIP", 7: "MIP6 IKE", 8: "MIP6 Auth", 9: "QoS", 10: "Capabilities Update", 11: "IKE SK",
    12: "NAT Control", 13: "ERP", 16_777_216: "Cx", 16_777_217: "Sh", 16_777_218: "Rf",
    16_777_219: "Wx", 16_777_220: "Zn", 16_777_221: "Zh", 16_777_222: "Gq", 16_777_223: "Gmb",
    16_777_224: "Gx", 16_777_225: "Gx over Gy", 16_777_226: "MM10", 16_777_229: "Rx",
    16_777_230: "Pr", 16_777_236: "Rx", 16_777_238: "Gx", 16_777_250: "STa", 16_777_251: "S6a",
    16_777_252: "S13", 16_777_253: "Re", 16_777_255: "SLg", 16_777_264: "SWm", 16_777_265: "SWx",
    16_777_266: "Gxx", 16_777_267: "S9", 16_777_268: "Zpn", 16_777_272: "S6b", 16_777_291: "SLh",
    16_777_292: "SGmb", 16_777_302: "Sy", 16_777_303: "Sd", 16_777_308: "S7a", 16_777_309: "Tsp",
    16_777_310: "S6m", 16_777_311: "T4", 16_777_312: "S6c", 16_777_313: "SGd",
    16_777_318: "S15", 16_777_319: "S9a", 16_777_335: "MB2-C", 16_777_336: "PC4a",
    16_777_342: "Np", 16_777_345: "S6t", 16_777_346: "T6a", 4_294_967_295: "Relay",
  ]

  // MARK: Results

  /// Result-Code (RFC 6733 §7.1 and its registry).
  static func result(_ code: UInt32) -> String {
    results[code].map { "DIAMETER_" + $0 } ?? "\(code)"
  }

  /// A code that a vendor defined.
  static func experimentalResult(_ code: UInt32, vendor: UInt32) -> String {
    guard vendor == threeGPP, let name = threeGPPResults[code] else { return "\(code)" }
    return "DIAMETER_" + name
  }

  private static let results: [UInt32: String] = [
    1001: "MULTI_ROUND_AUTH", 2001: "SUCCESS", 2002: "LIMITED_SUCCESS",
    3001: "COMMAND_UNSUPPORTED", 3002: "UNABLE_TO_DELIVER", 3003: "REALM_NOT_SERVED",
    3004: "TOO_BUSY", 3005: "LOOP_DETECTED", 3006: "REDIRECT_INDICATION",
    3007: "APPLICATION_UNSUPPORTED", 3008: "INVALID_HDR_BITS", 3009: "INVALID_AVP_BITS",
    3010: "UNKNOWN_PEER", 4001: "AUTHENTICATION_REJECTED", 4002: "OUT_OF_SPACE",
    4003: "ELECTION_LOST", 4010: "END_USER_SERVICE_DENIED",
    4011: "CREDIT_CONTROL_NOT_APPLICABLE", 4012: "CREDIT_LIMIT_REACHED",
    5001: "AVP_UNSUPPORTED", 5002: "UNKNOWN_SESSION_ID", 5003: "AUTHORIZATION_REJECTED",
    5004: "INVALID_AVP_VALUE", 5005: "MISSING_AVP", 5006: "RESOURCES_EXCEEDED",
    5007: "CONTRADICTING_AVPS", 5008: "AVP_NOT_ALLOWED", 5009: "AVP_OCCURS_TOO_MANY_TIMES",
    5010: "NO_COMMON_APPLICATION", 5011: "UNSUPPORTED_VERSION", 5012: "UNABLE_TO_COMPLY",
    5013: "INVALID_BIT_IN_HEADER", 5014: "INVALID_AVP_LENGTH", 5015: "INVALID_MESSAGE_LENGTH",
    5016: "INVALID_AVP_BIT_COMBO", 5017: "NO_COMMON_SECURITY", 5030: "USER_UNKNOWN",
    5031: "RATING_FAILED",
  ]

  private static let threeGPPResults: [UInt32: String] = [
    2001: "FIRST_REGISTRATION", 2002: "SUBSEQUENT_REGISTRATION", 2003: "UNREGISTERED_SERVICE",
    2004: "SUCCESS_SERVER_NAME_NOT_STORED", 2021: "PDP_CONTEXT_DELETION_INDICATION",
    4100: "USER_DATA_NOT_AVAILABLE", 4101: "PRIOR_UPDATE_IN_PROGRESS",
    4121: "ERROR_OUT_OF_RESOURCES", 4141: "PCC_BEARER_EVENT", 4143: "PCC_RULE_EVENT",
    4181: "AUTHENTICATION_DATA_UNAVAILABLE", 4182: "ERROR_CAMEL_SUBSCRIPTION_PRESENT",
    4201: "ERROR_ABSENT_USER", 4221: "ERROR_UNREACHABLE_USER", 4222: "ERROR_SUSPENDED_USER",
    5001: "ERROR_USER_UNKNOWN", 5002: "ERROR_IDENTITIES_DONT_MATCH",
    5003: "ERROR_IDENTITY_NOT_REGISTERED", 5004: "ERROR_ROAMING_NOT_ALLOWED",
    5005: "ERROR_IDENTITY_ALREADY_REGISTERED", 5006: "ERROR_AUTH_SCHEME_NOT_SUPPORTED",
    5007: "ERROR_IN_ASSIGNMENT_TYPE", 5008: "ERROR_TOO_MUCH_DATA",
    5009: "ERROR_NOT_SUPPORTED_USER_DATA", 5011: "ERROR_FEATURE_UNSUPPORTED",
    5012: "ERROR_SERVING_NODE_FEATURE_UNSUPPORTED", 5041: "ERROR_USER_NO_WLAN_SUBSCRIPTION",
    5061: "INVALID_SERVICE_INFORMATION", 5062: "FILTER_RESTRICTIONS",
    5063: "REQUESTED_SERVICE_NOT_AUTHORIZED", 5064: "DUPLICATED_AF_SESSION",
    5065: "IP-CAN_SESSION_NOT_AVAILABLE", 5066: "UNAUTHORIZED_NON_EMERGENCY_SESSION",
    5100: "ERROR_USER_DATA_NOT_RECOGNIZED", 5101: "ERROR_OPERATION_NOT_ALLOWED",
    5102: "ERROR_USER_DATA_CANNOT_BE_READ", 5103: "ERROR_USER_DATA_CANNOT_BE_MODIFIED",
    5104: "ERROR_USER_DATA_CANNOT_BE_NOTIFIED", 5105: "ERROR_TRANSPARENT_DATA_OUT_OF_SYNC",
    5106: "ERROR_SUBS_DATA_ABSENT", 5140: "ERROR_INITIAL_PARAMETERS", 5141: "ERROR_TRIGGER_EVENT",
    5142: "PCC_RULE_EVENT", 5143: "ERROR_BEARER_NOT_AUTHORIZED",
    5144: "ERROR_TRAFFIC_MAPPING_INFO_REJECTED", 5147: "ERROR_CONFLICTING_REQUEST",
    5420: "ERROR_UNKNOWN_EPS_SUBSCRIPTION", 5421: "ERROR_RAT_NOT_ALLOWED",
    5422: "ERROR_EQUIPMENT_UNKNOWN", 5423: "ERROR_UNKNOWN_SERVING_NODE",
    5450: "ERROR_USER_NO_NON_3GPP_SUBSCRIPTION", 5451: "ERROR_USER_NO_APN_SUBSCRIPTION",
    5452: "ERROR_RAT_TYPE_NOT_ALLOWED", 5470: "ERROR_SUBSESSION",
    5550: "ERROR_ABSENT_USER", 5551: "ERROR_USER_BUSY_FOR_MT_SMS",
    5552: "ERROR_FACILITY_NOT_SUPPORTED", 5553: "ERROR_ILLEGAL_USER",
    5554: "ERROR_ILLEGAL_EQUIPMENT", 5555: "ERROR_SM_DELIVERY_FAILURE",
  ]

  // MARK: AVPs

  static func avp(_ code: UInt32, vendor: UInt32) -> (name: String, form: Form) {
    let known =
      switch vendor {
      case 0: base[code]
      case threeGPP: threeGPPAVPs[code]
      default: nil as (name: String, form: Form)?
      }
    return known ?? ("AVP-\(code)", .bytes)
  }

  private static let base = table(DiameterAVPTable.base)
  private static let threeGPPAVPs = table(DiameterAVPTable.threeGPP)

  private static func table(_ words: String) -> [UInt32: (name: String, form: Form)] {
    var table: [UInt32: (name: String, form: Form)] = [:]
    for word in words.split(whereSeparator: \.isWhitespace) {
      let parts = word.split(separator: ":")
      guard parts.count == 3, let code = UInt32(parts[0]) else { continue }
      table[code] = (String(parts[1]), form(parts[2]))
    }
    return table
  }

  private static func form(_ letter: Substring) -> Form {
    switch letter {
    case "t": .text
    case "n": .number
    case "u": .longNumber
    case "i": .signed
    case "l": .longSigned
    case "f": .fraction
    case "a", "4": .address
    case "m": .time
    case "g": .group
    case "b": .telephone
    case "s": .secret
    case "d": .userData
    default: .bytes
    }
  }

  // MARK: Values

  /// Name of a value of an AVP that counts out meanings.
  static func value(_ code: UInt32, vendor: UInt32 = 0, _ number: UInt32) -> String? {
    if vendor == threeGPP { return threeGPPValues[code]?[number] }
    guard vendor == 0 else { return nil }
    if code == 268 { return results[number] == nil ? nil : result(number) }
    if code == 258 || code == 259 { return applications[number] }
    return values[code]?[number]
  }

  private static let values: [UInt32: [UInt32: String]] = [
    271: [0: "REFUSE_SERVICE", 1: "TRY_AGAIN", 2: "ALLOW_SERVICE", 3: "TRY_AGAIN_ALLOW_SERVICE"],
    273: [0: "REBOOTING", 1: "BUSY", 2: "DO_NOT_WANT_TO_TALK_TO_YOU"],
    274: [1: "AUTHENTICATE_ONLY", 2: "AUTHORIZE_ONLY", 3: "AUTHORIZE_AUTHENTICATE"],
    277: [0: "STATE_MAINTAINED", 1: "NO_STATE_MAINTAINED"],
    285: [0: "AUTHORIZE_ONLY", 1: "AUTHORIZE_AUTHENTICATE"],
    295: [
      1: "DIAMETER_LOGOUT", 2: "DIAMETER_SERVICE_NOT_PROVIDED", 3: "DIAMETER_BAD_ANSWER",
      4: "DIAMETER_ADMINISTRATIVE", 5: "DIAMETER_LINK_BROKEN", 6: "DIAMETER_AUTH_EXPIRED",
      7: "DIAMETER_USER_MOVED", 8: "DIAMETER_SESSION_TIMEOUT",
    ],
    416: [
      1: "INITIAL_REQUEST", 2: "UPDATE_REQUEST", 3: "TERMINATION_REQUEST", 4: "EVENT_REQUEST",
    ],
    418: [0: "FAILOVER_NOT_SUPPORTED", 1: "FAILOVER_SUPPORTED"],
    422: [0: "ENOUGH_CREDIT", 1: "NO_CREDIT"],
    426: [0: "CREDIT_AUTHORIZATION", 1: "RE_AUTHORIZATION"],
    427: [0: "TERMINATE", 1: "CONTINUE", 2: "RETRY_AND_TERMINATE"],
    436: [0: "DIRECT_DEBITING", 1: "REFUND_ACCOUNT", 2: "CHECK_BALANCE", 3: "PRICE_ENQUIRY"],
    449: [0: "TERMINATE", 1: "REDIRECT", 2: "RESTRICT_ACCESS"],
    450: [
      0: "END_USER_E164", 1: "END_USER_IMSI", 2: "END_USER_SIP_URI", 3: "END_USER_NAI",
      4: "END_USER_PRIVATE",
    ],
    480: [1: "EVENT_RECORD", 2: "START_RECORD", 3: "INTERIM_RECORD", 4: "STOP_RECORD"],
    483: [1: "DELIVER_AND_GRANT", 2: "GRANT_AND_STORE", 3: "GRANT_AND_LOSE"],
  ]

  private static let threeGPPValues: [UInt32: [UInt32: String]] = [
    614: [
      0: "NO_ASSIGNMENT", 1: "REGISTRATION", 2: "RE_REGISTRATION", 3: "UNREGISTERED_USER",
      4: "TIMEOUT_DEREGISTRATION", 5: "USER_DEREGISTRATION",
    ],
    1027: [
      0: "3GPP-GPRS", 1: "DOCSIS", 2: "xDSL", 3: "WiMAX", 4: "3GPP2", 5: "3GPP-EPS",
      6: "Non-3GPP-EPS", 7: "FBA",
    ],
    1032: [
      0: "WLAN", 1: "VIRTUAL", 1000: "UTRAN", 1001: "GERAN", 1002: "GAN",
      1003: "HSPA_EVOLUTION", 1004: "EUTRAN", 1005: "EUTRAN-NB-IoT", 2000: "CDMA2000_1X",
      2001: "HRPD", 2002: "UMB", 2003: "EHRPD",
    ],
  ]
}
