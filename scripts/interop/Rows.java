import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Security;
import java.security.Signature;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collections;
import javax.crypto.Cipher;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Set;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.SignedData;
import org.bouncycastle.asn1.cms.SignerInfo;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.crypto.CipherParameters;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.engines.SM2Engine;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** How the JDK and BouncyCastle meet SM2. Reads the files of make_chain and interop.sh; prints "behaviour&lt;TAB&gt;seen". */
public class Rows {
    static final String GMT0010 = "1.2.156.10197.6.1.4.2.";

    static byte[] bytes(String file) throws Exception {
        return Files.readAllBytes(Paths.get(file));
    }

    static InputStream stream(String file) throws Exception {
        return new ByteArrayInputStream(bytes(file));
    }

    static void show(String behaviour, Object seen) {
        System.out.println(behaviour + "\t" + seen);
    }

    static X509Certificate certificate(String file) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509", "BC").generateCertificate(stream(file));
    }

    static PrivateKey key() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12", "BC");
        store.load(stream("leaf.p12"), "123456".toCharArray());
        return (PrivateKey) store.getKey(store.aliases().nextElement(), null);
    }

    static String plainJdk() throws Exception {
        try {
            CertificateFactory.getInstance("X.509").generateCertificate(stream("leaf.pem"));
            return "reads it";
        } catch (CertificateException error) {
            return "refuses it";
        }
    }

    /** The recipe of docs/interop.md: one signature. */
    static boolean verifies(String signature) throws Exception {
        Signature verifier = Signature.getInstance("SM3withSM2", "BC");
        verifier.initVerify(certificate("leaf.pem"));
        verifier.update(bytes("message"));
        return verifier.verify(bytes(signature));
    }

    /** The recipe of docs/interop.md: a chain. */
    static String chain() throws Exception {
        PKIXParameters parameters = new PKIXParameters(Collections.singleton(new TrustAnchor(certificate("root.pem"), null)));
        parameters.setRevocationEnabled(false);
        CertPathValidator.getInstance("PKIX", "BC").validate(
            CertificateFactory.getInstance("X.509", "BC").generateCertPath(Arrays.asList(certificate("leaf.pem"), certificate("sub.pem"))),
            parameters);
        ((X509CRL) CertificateFactory.getInstance("X.509", "BC").generateCRL(stream("sub.crl"))).verify(certificate("sub.pem").getPublicKey(), "BC");
        return "OK";
    }

    static CMSSignedDataGenerator signer(boolean direct) throws Exception {
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(
            new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())
                .setDirectSignature(direct)
                .build(new JcaContentSignerBuilder("SM3withSM2").setProvider("BC").build(key()), certificate("leaf.pem")));
        generator.addCertificate(new JcaX509CertificateHolder(certificate("leaf.pem")));
        return generator;
    }

    static boolean holds(byte[] signed) throws Exception {
        SignerInformation signer = new CMSSignedData(signed).getSignerInfos().getSigners().iterator().next();
        return signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(certificate("leaf.pem")));
    }

    /** The recipe of docs/interop.md: signed data of our program. */
    static boolean holdsByName(byte[] signed) throws Exception {
        SignerInformation signer = new CMSSignedData(signed).getSignerInfos().getSigners().iterator().next();
        return signer.verify(
            new JcaSignerInfoVerifierBuilder(new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())
                .setProvider("BC")
                .setSignatureAlgorithmNameGenerator((digest, algorithm) -> "SM3WITHSM2")
                .build(certificate("leaf.pem")));
    }

    static String encoding() throws Exception {
        CMSSignedData signed = signer(false).generate(new CMSProcessableByteArray(bytes("message")), true);
        Files.write(Paths.get("bc.cms"), signed.getEncoded("DER"));
        String plain = signed.getEncoded()[1] == (byte) 0x80 ? "indefinite length" : "definite length";
        return plain + ", getEncoded(\"DER\") " + (signed.getEncoded("DER")[1] == (byte) 0x80 ? "indefinite" : "definite");
    }

    /** SignedData as our program writes it: identifiers of GM/T 0010, no signed attributes, the signer's algorithm 1.2.156.10197.1.301.1. */
    static String chineseSignedData() throws Exception {
        SignedData plain = SignedData.getInstance(signer(true).generate(
            new CMSProcessableByteArray(new ASN1ObjectIdentifier(GMT0010 + "1"), bytes("message")), true).toASN1Structure().getContent());
        SignerInfo signer = SignerInfo.getInstance(plain.getSignerInfos().getObjectAt(0));
        StringBuilder seen = new StringBuilder();
        for (String algorithm : new String[] {"1.2.156.10197.1.501", "1.2.156.10197.1.301.1"}) {
            SignerInfo renamed = new SignerInfo(signer.getSID(), signer.getDigestAlgorithm(), (ASN1Set) null,
                new AlgorithmIdentifier(new ASN1ObjectIdentifier(algorithm)), signer.getEncryptedDigest(), null);
            SignedData data = new SignedData(plain.getDigestAlgorithms(), plain.getEncapContentInfo(), plain.getCertificates(), null, new DERSet(renamed));
            byte[] wrapped = new ContentInfo(new ASN1ObjectIdentifier(GMT0010 + "2"), data).getEncoded("DER");
            Files.write(Paths.get("gmt0010.der"), wrapped);
            seen.append(seen.length() == 0 ? "" : ", ").append(algorithm.substring(16)).append(" ");
            try {
                seen.append(holds(wrapped));
            } catch (IllegalArgumentException error) {
                seen.append("unknown, by its name ").append(holdsByName(wrapped));
            }
        }
        return seen.toString();
    }

    static String layout() throws Exception {
        Cipher cipher = Cipher.getInstance("SM2", "BC");
        cipher.init(Cipher.ENCRYPT_MODE, certificate("leaf.pem").getPublicKey());
        byte[] sealed = cipher.doFinal(bytes("message"));
        CipherParameters secret = PrivateKeyFactory.createKey(key().getEncoded());
        StringBuilder reads = new StringBuilder(sealed[0] == 4 ? "04" : "no 04");
        for (SM2Engine.Mode mode : SM2Engine.Mode.values()) {
            SM2Engine engine = new SM2Engine(mode);
            engine.init(false, secret);
            try {
                if (Arrays.equals(engine.processBlock(sealed, 0, sealed.length), bytes("message"))) reads.append(" ").append(mode);
            } catch (InvalidCipherTextException other) {
                // not in this order
            }
        }
        return reads.toString();
    }

    public static void main(String[] none) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        show("JDK certificate", plainJdk());
        show("BC certificate", certificate("leaf.pem").getSubjectDN().getName().contains("CN=张三") ? "reads it" : "misreads it");
        show("BC SM3withSM2", verifies("standard.sig") ? verifies("empty.sig") ? "both" : "standard" : verifies("empty.sig") ? "empty" : "neither");
        show("BC chain", chain());
        show("BC CMS of OpenSSL 3.5", holds(bytes("cms-standard.der")) + ", without -keyopt " + holds(bytes("cms-empty.der")));
        show("BC CMS encoding", encoding());
        show("BC SignedData", chineseSignedData());
        show("BC encryption", layout());
    }
}
