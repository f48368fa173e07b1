// What every app of staff says in Urdu: signing in and out, choosing, why something was not accepted.
export const words = {
  languages: "زبان",
  signIn: "سائن اِن کریں",
  signOut: "سائن آؤٹ کریں",
  login: "فون نمبر یا ای میل",
  password: "پاس ورڈ",
  code: "تصدیقی ایپ کا کوڈ، اگر آپ استعمال کرتے ہیں",
  signinWrong: "فون نمبر، ای میل، پاس ورڈ یا کوڈ غلط ہے۔",
  signinCode: "اپنی تصدیقی ایپ کا کوڈ لکھیں۔",
  signinCodeWrong: "کوڈ قبول نہیں ہوا۔ اگلے کوڈ کا انتظار کریں۔",
  signinNoPost: "آپ کا اکاؤنٹ معطل ہے یا اس پر کوئی عہدہ نہیں۔ جس نے مدعو کیا اس سے پوچھیں۔",
  signinWait: "بہت زیادہ کوششیں۔ {seconds} سیکنڈ بعد پھر کوشش کریں۔",
  signinOffline: "نیٹ ورک نہیں ہے۔ سائن اِن کے لیے نیٹ ورک چاہیے۔",
  signinFailed: "سائن اِن نہیں ہو سکا۔ بعد میں پھر کوشش کریں۔",
  cancel: "منسوخ کریں",
  choose: "چنیں",
  why_other: "سرور نے قبول نہیں کیا: {reason}",
};
