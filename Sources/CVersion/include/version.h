/// The version of this program, such as 0.1.0+5f73307a1b2c: see Scripts/version.
extern const char *kubeshark_version(void);
