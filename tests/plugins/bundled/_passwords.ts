/** One password as the programs that make password files write it. */

/** The password of all hashes here. */
export const PASSWORD = "correct horse";
/** What aMQTT writes, with less memory. */
export const ARGON2 =
  "$argon2id$v=19$m=16384,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$TI5VrKKOcOuweL6xsfJEmQMqapSRSiUxYkk/FYA+Zaw";
/** aMQTT's older kind, and that of `openssl passwd -6`. */
export const SHA512_CRYPT =
  "$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/";
/** What `htpasswd -B` writes. */
export const BCRYPT =
  "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";
/** What `mosquitto_passwd` writes. */
export const PBKDF2 =
  "$7$101$8g03eNwaXoXWJaCV$pnh2/CNnOpkQAlSeQt4wOQTTIOKG7s9zxnm6ZVLtt/LblUwg26PB1Pw78m6yWMIBcN/KGY3YiorNPkKJQ192Tw==";
/** What `mosquitto_passwd` wrote before Mosquitto 2. */
export const SHA512 =
  "$6$HoU14qjfCCetkBwX$2C2FjlQYTDahlStVi0jYyMTkgXr2OfJI2m90SoteFB9iW7UoBikFfCFjHdrhphbkmnZHdwafudDqI9M+E3CpBA==";
