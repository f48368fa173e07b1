// What every app of staff says in Hindi: signing in and out, choosing, why something was not accepted.
export const words = {
  languages: "भाषा",
  signIn: "साइन इन करें",
  signOut: "साइन आउट करें",
  login: "फ़ोन नंबर या ई-मेल",
  password: "पासवर्ड",
  code: "ऑथेंटिकेटर का कोड, यदि आप इस्तेमाल करते हैं",
  signinWrong: "फ़ोन नंबर, ई-मेल, पासवर्ड या कोड ग़लत है।",
  signinCode: "अपने ऑथेंटिकेटर का कोड लिखें।",
  signinCodeWrong: "कोड स्वीकार नहीं हुआ। अगले कोड की प्रतीक्षा करें।",
  signinNoPost: "आपका खाता निलंबित है या उस पर कोई पद नहीं है। जिसने आमंत्रित किया उससे पूछें।",
  signinWait: "बहुत अधिक प्रयास। {seconds} सेकंड बाद फिर कोशिश करें।",
  signinOffline: "नेटवर्क नहीं है। साइन इन के लिए नेटवर्क चाहिए।",
  signinFailed: "साइन इन नहीं हो सका। बाद में फिर कोशिश करें।",
  cancel: "रद्द करें",
  choose: "चुनें",
  why_other: "सर्वर ने स्वीकार नहीं किया: {reason}",
};
