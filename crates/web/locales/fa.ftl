# Persian: the language of the Django project's two texts, which stay word for word as they were.
code-sent = رمز عبور موقت ارسال شد
code-wrong = کد ارسال شده درست نمیباشد

too-many = درخواست‌ها برای این شماره زیاد بوده است. { $seconds } ثانیهٔ دیگر دوباره تلاش کنید.
user-inactive = این حساب کاربری غیرفعال است. با پشتیبانی تماس بگیرید.
region-not-served = ارسال کد به شماره‌های این کشور ({ $region }) ممکن نیست.
number-unreachable = این شماره نمی‌تواند پیامک دریافت کند. شمارهٔ دیگری وارد کنید.
cannot-send = اکنون امکان ارسال کد نیست. کمی بعد دوباره تلاش کنید.
unavailable = سرویس موقتاً در دسترس نیست. کمی بعد دوباره تلاش کنید.
internal = خطایی در سرور رخ داد. شناسهٔ درخواست را به پشتیبانی بدهید.
channel-not-offered = ارسال کد از این راه ممکن نیست.
challenge-ended = این کد دیگر قابل استفاده نیست. کد تازه‌ای درخواست کنید.
messages-spent = این کد به دفعات مجاز ارسال شده است. کد تازه‌ای درخواست کنید.
