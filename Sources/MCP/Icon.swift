import JSON

/// Our picture: a fin over a wave, 48 by 48 pixels.
enum Icon {
  static let json: JSONValue = [
    "src": .string("data:image/png;base64," + png), "mimeType": "image/png", "sizes": ["48x48"],
  ]

  private static let png = """
    iVBORw0KGgoAAAANSUhEUgAAADAAAAAwAgMAAAAqbBEUAAAACVBMVEUAAAATNFz////T5RG7AAAAA3RSTlMA//9EUN\
    YhAAAAoUlEQVR42n3SsRHDIAwF0O8iI3gfj5DCqKBPwz6MQGFNGSRz8ElCKDi/O+nbPgnAI/h5Av35VugH2AaOUWV1\
    E/aB8zdejGxoz5LtRQ0xEBJDCcKIFyExlCCMuERSilaCLBEZtV/7/+gnSoMwrN8/4QsW5tlo/R6H1u8JNCtHtBK/cF\
    eJN2EXLRZXUq5TkMvy6pXPP5NbT3taimld5kWiFXsDWavWM5uJDmUAAAAASUVORK5CYII=
    """
}
