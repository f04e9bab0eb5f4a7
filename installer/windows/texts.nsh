; Every text of the setup that is not the wizard's own, in both languages.

!macro text NAME ENGLISH CHINESE
  LangString ${NAME} ${LANG_ENGLISH} "${ENGLISH}"
  LangString ${NAME} ${LANG_SIMPCHINESE} "${CHINESE}"
!macroend
!define LINE "$\r$\n"

!insertmacro text Product "${NAME_EN}" "${NAME_ZH}"
!insertmacro text Publisher "The ${NAME_EN} project" "${NAME_ZH}项目"
!insertmacro text Comment "Certificates and PINs of USB keys" "查看 UKey 中的证书，修改密码"

LicenseLangString Licence ${LANG_ENGLISH} "${FILES}/licence-en.txt"
LicenseLangString Licence ${LANG_SIMPCHINESE} "${FILES}/licence-zh.txt"

!insertmacro text WelcomeTitle "${NAME_EN} ${VERSION}" "${NAME_ZH} ${VERSION}"
!insertmacro text WelcomeFirst \
  "This installs ${NAME_EN}, with which you see the certificates on your USB key, renew them and change the PIN.${LINE}${LINE}It takes less than a minute. The computer does not have to be restarted." \
  "即将安装${NAME_ZH}。您可以用它查看 UKey 中的证书、办理证书更新、修改密码。${LINE}${LINE}安装不到一分钟，不需要重新启动计算机。"
!insertmacro text OnlyForYou \
  "It is installed for you only. To install it for everybody, start this setup with a right click and Run as administrator." \
  "将只为您本人安装。如需为本机所有人安装，请右键点击本安装程序，选择“以管理员身份运行”。"
!insertmacro text WelcomeUpdate \
  "Version $OldVersion is installed here. It becomes version ${VERSION}.${LINE}${LINE}Your settings and records stay as they are. The computer does not have to be restarted." \
  "本机已安装 $OldVersion 版，将更新为 ${VERSION} 版。${LINE}${LINE}您的设置和办理记录保持不变，不需要重新启动计算机。"
!insertmacro text WelcomeAgain \
  "This version, ${VERSION}, is installed here already. It is installed once more, which repairs what is missing.${LINE}${LINE}Your settings and records stay as they are." \
  "本机已安装此版本（${VERSION}），将重新安装一遍，修复缺失的文件。${LINE}${LINE}您的设置和办理记录保持不变。"
!insertmacro text OwnCopyGoes \
  "There is also a copy only for you in $PersonFolder. It is removed, so that there is one program; your settings stay." \
  "另外还有一份只为您本人安装的程序，位于 $PersonFolder。它将被移除，只保留一份；您的设置保持不变。"

!insertmacro text LicenceText "Whoever continues accepts these terms." "点击“我接受”表示同意以上条款。"
!insertmacro text LicenceAccept "I &accept" "我接受(&I)"
!insertmacro text ForWhom \
  "For everybody: each person who signs in to this computer can use it.${LINE}Only for me: others do not see it, and no administrator is needed." \
  "为所有人安装：每个登录本机的人都可以使用。${LINE}只为我安装：其他人看不到，也不需要管理员权限。"
!insertmacro text ForEverybody "For &everybody on this computer" "为本机所有人安装(&A)"
!insertmacro text ForMe "Only for &me" "只为我自己安装(&M)"
!insertmacro text WhereText "It is installed in this folder. There is rarely a reason for another." "将安装到以下文件夹，一般不需要更改。"

!insertmacro text OptionsTitle "Options" "安装选项"
!insertmacro text OptionsSubtitle "What else should be set up?" "还需要哪些设置？"
!insertmacro text OptionDesktop "Icon on the &desktop" "在桌面上显示图标(&D)"
!insertmacro text OptionMenu "&Entry in the start menu" "添加到“开始”菜单(&M)"
!insertmacro text OptionAutostart "&Start when I sign in to Windows, without a window" "登录 Windows 时自动启动，不打开窗口(&S)"
!insertmacro text OptionsWhere "The program is installed in:${LINE}$INSTDIR" "程序安装位置：${LINE}$INSTDIR"

!insertmacro text FinishTitle "${NAME_EN} is installed" "${NAME_ZH}已安装"
!insertmacro text FinishText \
  "Plug in your USB key and double-click the icon of ${NAME_EN}." \
  "插入 UKey，双击“${NAME_ZH}”图标即可使用。"
!insertmacro text StartNow "Start ${NAME_EN} &now" "立即启动${NAME_ZH}(&R)"

!insertmacro text WillClose \
  "${NAME_EN} is open. It will be closed so that it can be replaced.${LINE}If something is under way in it, finish that first." \
  "${NAME_ZH}正在运行，继续将先关闭它。${LINE}如果正在办理业务，请先在窗口中办完。"
!insertmacro text WouldNotClose \
  "${NAME_EN} is in the middle of something and was not closed. Nothing was changed.${LINE}Finish it in its window, then choose Retry." \
  "${NAME_ZH}正在办理业务，没有关闭，未做任何更改。${LINE}请先在它的窗口中办完，再点击“重试”。"
!insertmacro text CantReplace \
  "The program could not be replaced. The installed one is as it was.${LINE}Close programs that use the folder $INSTDIR and try again." \
  "无法替换程序文件，已安装的程序保持原样。${LINE}请关闭正在使用文件夹 $INSTDIR 的程序后重试。"
!insertmacro text SetupRuns "Another setup of ${NAME_EN} is running." "另一个${NAME_ZH}安装程序正在运行。"
!insertmacro text TooOld "${NAME_EN} needs 64-bit Windows 10 or later." "${NAME_ZH}需要 64 位 Windows 10 或更高版本。"
!insertmacro text TwoModes "Choose either /AllUsers or /CurrentUser." "/AllUsers 与 /CurrentUser 只能选择一个。"
!insertmacro text ForEverybodyAlready \
  "${NAME_EN} is installed for everybody on this computer. Remove it first to install it only for yourself." \
  "本机已为所有人安装${NAME_ZH}。如需只为本人安装，请先卸载。"
!insertmacro text NeedsAdministrator \
  "${NAME_EN} is installed, or to be installed, for everybody on this computer. That needs an administrator: right click, Run as administrator." \
  "${NAME_ZH}是为本机所有人安装的，需要管理员权限：请右键点击，选择“以管理员身份运行”。"
!insertmacro text OtherFolder \
  "The folder of /D= can't be used. An installed program stays in its folder: $INSTDIR" \
  "不能使用 /D= 指定的文件夹。已安装的程序保留在原文件夹：$INSTDIR"
!insertmacro text Older \
  "Version $OldVersion is installed, which is newer than this one (${VERSION}). Replace it by the older version?" \
  "本机已安装较新的 $OldVersion 版，本安装程序是 ${VERSION} 版。确定换成旧版本吗？"

!insertmacro text RemoveTitle "Remove ${NAME_EN}" "卸载${NAME_ZH}"
!insertmacro text RemoveSubtitle "Certificates and keys on your USB key are not touched." "UKey 中的证书和密钥不受影响。"
!insertmacro text RemoveWhat "The program is removed from:${LINE}$INSTDIR" "将移除程序：${LINE}$INSTDIR"
!insertmacro text RemoveSettings "&Remove my settings and records as well" "同时删除我的设置和记录(&R)"
!insertmacro text RemoveSettingsMore \
  "Settings, records of orders, and logs of this person. Without a tick they are there again after a new installation." \
  "包括本人的设置、办理记录和日志。不勾选则予以保留，重新安装后可继续使用。"
!insertmacro text OrdersUnderWay \
  "Orders under way: $Orders (a renewal or a forgotten PIN). They can only be finished with the records on this computer; do not remove these." \
  "有 $Orders 笔业务正在办理（证书更新或找回密码），只能凭本机上的记录继续办理，请不要删除。"
!insertmacro text OrdersGo \
  "Orders under way: $Orders. Without their records they can't be finished: a key may be left with half a renewal.${LINE}Remove the records all the same?" \
  "有 $Orders 笔业务正在办理。删除记录后将无法继续，UKey 可能停留在更新了一半的状态。${LINE}仍要删除吗？"
!insertmacro text RemovedTitle "${NAME_EN} was removed" "${NAME_ZH}已卸载"
!insertmacro text RemovedText \
  "The certificates and keys on your USB key are as they were." \
  "UKey 中的证书和密钥没有变化。"
