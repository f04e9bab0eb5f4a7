#!/usr/bin/env bash
# The JDK says that the password of a PKCS#12 file is wrong when the password is right and the certificate in it is of SM2: the curve is
# unknown to it, and the failure to read the certificate is taken for a failure to decrypt. Whoever believes it tries other passwords.
#
# Seen with Java 17.0.9 and 25.0.2: "keystore password was incorrect" for the SM2 file with the right password; the file of a P-256 key,
# made by the same commands with the same password, opens.
set -euo pipefail
. "$(dirname "$0")/../scripts/interop/common.sh"

debian_packages debian12 bookworm openssl libecj-java
java_packages
for curve in SM2 P-256; do
  openssl12 genpkey -algorithm EC -pkeyopt ec_paramgen_curve:$curve -out $curve.key
  openssl12 req -x509 -new -key $curve.key -config <(printf '[req]\ndistinguished_name=n\n[n]\n') -subj "/CN=$curve" -out $curve.pem
  openssl12 pkcs12 -export -in $curve.pem -inkey $curve.key -passout pass:123456 -out $curve.p12
done
cat > Open.java <<'JAVA'
import java.io.FileInputStream;
import java.security.KeyStore;

public class Open {
    public static void main(String[] files) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (FileInputStream file = new FileInputStream(files[0])) {
            store.load(file, "123456".toCharArray());
            System.out.println("opens");
        } catch (java.io.IOException error) {
            System.out.println(error.getMessage());
        }
    }
}
JAVA
compile . . Open.java
heading
for version in 17 25; do
  java=java$version
  named=$($java -version 2>&1 | sed -n '1s/.*"\(.*\)".*/\1/p')
  row "Java" "$named" "SM2 PKCS#12" "keystore password was incorrect" "$($java -cp . Open SM2.p12)"
  row "Java" "$named" "P-256 PKCS#12" opens "$($java -cp . Open P-256.p12)"
done
verdict
